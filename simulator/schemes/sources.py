"""Who published the numbers severity is mapped to; fixed before any rule was tuned."""

CATALOGUE = "public practice as the catalogue of rules collects it"
COSCIA = "United States v. Coscia, 866 F.3d 782 (7th Cir. 2017)"
SARAO = "CFTC v. Nav Sarao Futures (N.D. Ill. 2015), complaint"
OYSTACHER = "CFTC v. Oystacher, 15-CV-9196 (N.D. Ill. 2016), opinion"
ATHENA = "SEC release 34-73369, Athena Capital Research (2014)"
OPTIVER = "CFTC release 5521-08 and complaint, Optiver (2008)"
CONG = "Cong, Li, Tang, Yang: Crypto Wash Trading (2021)"
PUMPS = "Xu, Livshits: The Anatomy of a Cryptocurrency Pump-and-Dump Scheme (2018), and studies after it"
ANNEX = "Delegated Regulation (EU) 2016/522, Annex II, which gives the practice and no number"
IGNITION = (
    "Credit Suisse AES, High Frequency Trading: Measurement, Detection and Response (2012); bounds: no published number"
)
LULD = "US limit-up limit-down plan: 5 % in five minutes for liquid shares"
CRASH = "CFTC and SEC, Findings regarding the market events of May 6, 2010; bounds: no published number"
OURS = "no published number found: from the ordinary to the unmistakable in the simulated market"
