"""Schema migrations, oldest first in `versions`; run at every start."""
