"""How the HTML report looks: light and dark by the reader's setting, on paper too. Filters work by CSS alone.

The search is the only script: it hides the findings that lack one of the words.
"""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--sea:#0c2a3d;--page:#f3f5f8;--card:#fff;--ink:#18202c;--faint:#566273;--edge:#dde2ea;
--code:#f7f9fb;--mark:#fde8d7;--link:#0b5c8a;--good:#1a7f4b;--critical:#a3123f;--high:#c8390c;--medium:#94640a;
--low:#2563ab;
--info:#5d6877;--on:#fff;--remedy:#eef6f1}
@media screen and (prefers-color-scheme:dark){
:root{--sea:#0a1c29;--page:#0f141b;--card:#171e28;--ink:#e4e9f0;--faint:#9ba7b6;
--edge:#2b3543;--code:#11171f;--mark:#4a2f1c;--link:#7cc0ee;--good:#5fcf94;--critical:#ff7d9c;--high:#ff9466;
--medium:#f0bd55;--low:#84b9f5;--info:#a3aebb;--on:#10151c;--remedy:#15241d}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
overflow-wrap:anywhere}
a{color:var(--link)}
code,.mono,.code table{
font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
.wide{max-width:66rem;margin:0 auto;padding:0 1.25rem}
header{background:var(--sea);color:#eaf2f8;padding:1.6rem 0 4.2rem}
.brand{display:flex;align-items:center;gap:.6rem;font-weight:650;letter-spacing:.02em}
.brand svg{width:1.7rem;height:1.7rem}
.brand small{margin-left:auto;font-weight:400;opacity:.75}
h1{font-size:1.75rem;line-height:1.25;margin:1.3rem 0 .2rem;text-wrap:balance}
h1::before{content:attr(data-sign);display:inline-grid;place-items:center;width:1.7rem;height:1.7rem;border-radius:50%;
margin-right:.6rem;font-size:1rem;vertical-align:.14em;color:#fff;background:#2f9e68}
h1.fail::before{background:#d2452f}h1.broken::before{background:#c2185b}
header p{margin:.2rem 0 0;opacity:.85}
.tiles{display:grid;grid-template-columns:repeat(5,1fr);gap:.75rem;margin-top:-2.9rem}
.tile{position:relative;background:var(--card);border:1px solid var(--edge);border-top:4px solid var(--tone);
border-radius:10px;
padding:.75rem .9rem;cursor:pointer;user-select:none;box-shadow:0 1px 3px rgb(0 0 0/.08)}
.tile b{display:block;font-size:1.7rem;line-height:1.15;font-variant-numeric:tabular-nums}
.tile span{color:var(--tone);font-weight:600}
.tile input{position:absolute;right:.8rem;top:.85rem;margin:0;accent-color:var(--tone);width:1rem;height:1rem}
.tile:has(input:not(:checked)) :is(b,span){opacity:.4}
.tile:has(:focus-visible){outline:3px solid var(--link);outline-offset:2px}
.tile.none b{color:var(--faint);font-weight:400}.tile.none input{visibility:hidden}
.hint{color:var(--faint);font-size:.85rem;margin:.5rem 0 0}
.critical{--tone:var(--critical)}.high{--tone:var(--high)}.medium{--tone:var(--medium)}.low{--tone:var(--low)}
.info{--tone:var(--info)}
main{padding-bottom:3rem}
section{margin-top:2.2rem}
h2{font-size:1.2rem;margin:0 0 .8rem;display:flex;flex-wrap:wrap;gap:.2rem .7rem;align-items:baseline}
h2 small,.faint{color:var(--faint);font-weight:400;font-size:.88rem}
.card{background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:1rem 1.15rem;margin:0 0 .9rem}
.finding{border-left:4px solid var(--tone)}
.finding>div,.finding tr,.card{scroll-margin-top:4rem;break-inside:avoid}
:target{outline:2px solid var(--tone,var(--link));outline-offset:3px}
.finding>div[id]~div[id]{border-top:1px solid var(--edge);padding-top:.5rem}
.unmatched{display:none}
.search:not([hidden]){display:flex;flex-wrap:wrap;gap:.3rem .7rem;align-items:center;margin:.9rem 0 0}
.search input{flex:1 1 14rem;font:inherit;color:inherit;background:var(--card);border:1px solid var(--faint);
border-radius:8px;padding:.4rem .7rem}
.more{font-size:.9rem;margin:.5rem 0 0}
.head{display:flex;flex-wrap:wrap;gap:.25rem .6rem;align-items:center}
.head h3{font-size:1.02rem;margin:0;line-height:1.35}
.badge{background:var(--tone);color:var(--on);border-radius:5px;padding:.08rem .5rem;font-size:.74rem;font-weight:700;
letter-spacing:.04em;text-transform:uppercase}
.rule{color:var(--faint);font-weight:600}
.where{color:var(--faint);font-size:.86rem;margin:.15rem 0 0}
.why{margin:.65rem 0}
.code{margin:.7rem 0;border:1px solid var(--edge);border-radius:8px;background:var(--code);overflow-x:auto;
padding:.35rem 0}
.code table{border-collapse:collapse;font-size:.8rem;line-height:1.5}
.code td{padding:0 .8rem;white-space:pre;tab-size:4;unicode-bidi:isolate;overflow-wrap:normal}
.code td:first-child{color:var(--faint);text-align:right;user-select:none;border-right:1px solid var(--edge);
position:sticky;left:0;background:var(--code);min-width:2.9rem}
.code th{text-align:left;color:var(--faint);padding:0 .8rem;white-space:nowrap}
.code .packages td{text-align:left;color:inherit;border:0;position:static;white-space:normal;user-select:auto;
vertical-align:top}
.code tr.at td:first-child{color:var(--tone);font-weight:700}
mark{background:var(--mark);color:inherit;border-bottom:2px solid var(--tone);border-radius:2px}
mark:empty{border-left:2px solid var(--tone);border-bottom:0;padding-left:.35em}
.remedy{background:var(--remedy);border-radius:8px;padding:.55rem .8rem;margin:.6rem 0 0}
.remedy b{color:var(--good)}.card>:last-child{margin-bottom:0}
.chip{display:inline-block;border:1px solid var(--good);color:var(--good);border-radius:99px;padding:0 .6rem;
font-size:.78rem;
margin-left:.35rem;white-space:nowrap}
details{margin:.6rem 0 0}
summary{cursor:pointer;color:var(--link)}
details ul,details p{margin:.4rem 0}
details ul{padding-left:1.2rem}
.first{counter-reset:step;list-style:none;margin:0;padding:0}
.first li{counter-increment:step;position:relative;padding:.15rem 0 .75rem 2.6rem}
.first li:last-child{padding-bottom:.1rem}
.first li::before{content:counter(step);position:absolute;left:0;top:.15rem;width:1.75rem;height:1.75rem;
border-radius:50%;
background:var(--tone);color:var(--on);font-weight:700;display:grid;place-items:center;font-size:.9rem}
.problem{border-left:4px solid var(--critical);--tone:var(--critical)}
.problem h3{margin:0;font-size:1.02rem;color:var(--critical)}
.silent{border-collapse:collapse;width:100%}
.silent td{vertical-align:top;padding:.3rem .8rem .3rem 0;border-top:1px solid var(--edge)}
.silent tr:first-child td{border-top:0}
.silent td:first-child{font-variant-numeric:tabular-nums;text-align:right;white-space:nowrap;width:1%}
.files{columns:2;column-gap:2rem;list-style:none;margin:0;padding:0}
.files li{break-inside:avoid;padding:.15rem 0}
.aside{opacity:.8;border-left-style:dashed}
footer{color:var(--faint);font-size:.85rem;border-top:1px solid var(--edge);padding:1rem 0 2rem}
main:has(#show-critical:not(:checked)) .finding.critical,main:has(#show-high:not(:checked)) .finding.high,
main:has(#show-medium:not(:checked)) .finding.medium,main:has(#show-low:not(:checked)) .finding.low,
main:has(#show-info:not(:checked)) .finding.info{display:none}
@media(max-width:40rem){body{font-size:15px}.wide{padding:0 .9rem}.tiles{grid-template-columns:repeat(2,1fr);
gap:.55rem}
.tile{padding:.55rem .75rem}.tile b{font-size:1.35rem}h1{font-size:1.4rem}.files{columns:1}.card{padding:.85rem .9rem}
.tile.critical{grid-column:span 2}}
@media print{*{print-color-adjust:exact;-webkit-print-color-adjust:exact}h2{break-after:avoid}
:root{color-scheme:light;--page:#fff;--card:#fff;--sea:#fff}body{font-size:10.5pt}
header{color:#000;padding:0 0 1rem;border-bottom:2pt solid #0c2a3d}.tiles{margin-top:1rem}.tile,.card{box-shadow:none}
.tile input,.hint,.search:not([hidden]){display:none}.code{overflow:visible}
.code td{white-space:pre-wrap}a{color:inherit;text-decoration:none}}
"""

SCRIPT: Final = """
const box=document.getElementById("search"),cards=[...document.querySelectorAll(".finding")].map(
card=>[card,card.textContent.toLowerCase()]);
if(box){box.hidden=false;document.getElementById("words").addEventListener("input",event=>{
const words=event.target.value.toLowerCase().split(/\\s+/).filter(Boolean);let left=0;
for(const [card,text] of cards){const fits=words.every(word=>text.includes(word));left+=fits;
card.classList.toggle("unmatched",!fits)}
document.getElementById("matches").textContent=words.length?`${left} of ${cards.length} cards`:""})}
"""

SIGN: Final = (
    '<svg viewBox="0 0 32 32" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.6" '
    'stroke-linecap="round" stroke-linejoin="round"><path d="M3 5v16M29 5v16M3 6l13 7 13-7M3 14l13 7 13-7"/>'
    '<path d="M3 27c2.2-2 4.3-2 6.5 0s4.300 2 6.500 0 4.300-2 6.500 0 4.300 2 6.500 0" opacity=".7"/></svg>'
)
