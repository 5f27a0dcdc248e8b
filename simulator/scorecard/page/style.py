"""The page's style sheet."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1c2430; --soft: #5b6675; --line: #dfe3e8; --panel: #f6f7f9;
  --rule: #0b62c4; --naive: #c2570c; --good: #1a7f4b; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ground: #12161c; --ink: #e6e9ee; --soft: #9aa5b4; --line: #2c343f;
  --panel: #1a2029; --rule: #6db1ff; --naive: #f2a35e; --good: #5ecb8f; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 24px 20px 60px; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 40px 0 6px; }
p { max-width: 76ch; margin: 6px 0 12px; } .soft { color: var(--soft); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px; margin: 18px 0; }
.figures div { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; }
.figures b { display: block; font-size: 21px; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 9px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: var(--ground); }
th { background: var(--panel); position: sticky; top: 0; font-weight: 600; }
th:first-child { background: var(--panel); }
td.text, th.text { text-align: left; white-space: normal; min-width: 240px; }
tr:last-child td { border-bottom: 0; } td small { color: var(--soft); }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
svg { display: block; margin: 8px 0; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .tick { fill: var(--soft); font-size: 11px; } svg .grid { stroke: var(--line); }
svg .target { stroke: var(--good); stroke-dasharray: 4 4; }
svg .rule { fill: var(--rule); } svg .none { fill: var(--ground); stroke: var(--rule); stroke-width: 1.5; }
svg .naive { fill: var(--ground); stroke: var(--naive); stroke-width: 2; }
svg .rule-range { stroke: var(--rule); stroke-width: 3; opacity: .35; stroke-linecap: round; }
svg .rule-line, svg .naive-line { fill: none; stroke: var(--rule); stroke-width: 1.6; }
svg .naive-line { stroke: var(--naive); stroke-dasharray: 5 3; }
.key { display: flex; gap: 18px; color: var(--soft); font-size: 13px; }
.key svg { display: inline; margin: 0 4px -2px 0; }
details { margin: 8px 0; } summary { cursor: pointer; }
"""
