// A chart as a PNG with all that a reader needs away from the page: title, names of the lines, date, and a caveat.
import {told} from './format.js';
import {t} from './i18n.js';
import {colour} from './looks.js';
import {partyName, sourceName} from './names.js';

const EDGE_PX = 20;
const LINE_PX = 18;

/** Save a chart's canvas under a title; `lines` are named below it with their looks. */
export function savePng(chart, {title, what, lines, looks, known, name}) {
  const px = devicePixelRatio;
  const width = chart.width / px;
  const head = 64;
  const foot = LINE_PX * (lines.length + 2) + EDGE_PX;
  const canvas = document.createElement('canvas');
  canvas.width = (width + 2 * EDGE_PX) * px;
  canvas.height = (chart.height / px + head + foot) * px;
  const ctx = canvas.getContext('2d');
  ctx.scale(px, px);
  ctx.fillStyle = colour('raised');
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  const family = getComputedStyle(document.body).fontFamily;
  const write = (words, x, y, ink, font) => {
    ctx.fillStyle = colour(ink);
    ctx.font = `${font} ${family}`;
    ctx.fillText(words, x, y, width + 2 * EDGE_PX - x - EDGE_PX);
  };
  write(title, EDGE_PX, 28, 'ink', '650 18px');
  write(`${what} · ${t('pngKnown', {time: told(known)})}`, EDGE_PX, 50, 'faint', '14px');
  ctx.drawImage(chart, EDGE_PX, head, width, chart.height / px);
  let y = head + chart.height / px + LINE_PX;
  for (const line of lines) {
    const look = looks.get(`${line.source}/${line.party}`);
    ctx.beginPath();
    ctx.setLineDash(look.dash);
    ctx.lineWidth = 2;
    ctx.strokeStyle = colour(`line-${look.colour}`);
    ctx.moveTo(EDGE_PX, y - 4);
    ctx.lineTo(EDGE_PX + 28, y - 4);
    ctx.stroke();
    write(t('lineName', {party: partyName(line.party), source: sourceName(line.source)}), EDGE_PX + 38, y, 'ink', '13px');
    y += LINE_PX;
  }
  write(t('pngNote'), EDGE_PX, y + 6, 'faint', '12px');
  canvas.toBlob((blob) => {
    const link = Object.assign(document.createElement('a'), {href: URL.createObjectURL(blob), download: `${name.replaceAll(/[^a-z0-9.-]+/g, '-')}.png`});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }, 'image/png');
}
