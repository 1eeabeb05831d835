// Outlines of land and borders of countries (Natural Earth by world-atlas, TopoJSON), loaded where a map is drawn.
let loading = null;

/** Two functions that give a path, from a projection and the degrees that are seen: [west, south, east, north]. */
export function outlines() {
  loading ??= load().catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

async function load() {
  const answer = await fetch(new URL('./world/countries-50m.json', import.meta.url));
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const {transform, arcs, objects} = await answer.json();
  const decoded = arcs.map((arc) => decode(arc, transform));
  const rings = objects.land.geometries.flatMap(ringsOf);
  const uses = new Map();
  for (const ring of objects.countries.geometries.flatMap(ringsOf)) for (const arc of ring) uses.set(arc < 0 ? ~arc : arc, (uses.get(arc < 0 ? ~arc : arc) ?? 0) + 1);
  // A border is between two countries.
  const shared = [...uses].filter(([, times]) => times > 1).map(([arc]) => decoded[arc]);
  return {
    land: (project, box) => rings.map((ring) => joined(ring, decoded)).filter((points) => meets(points, box)).map((points) => `${path(points, project)}Z`).join(''),
    borders: (project, box) => shared.filter((points) => meets(points, box)).map((points) => path(points, project)).join(''),
  };
}

function decode(arc, {scale, translate}) {
  let [x, y] = [0, 0];
  return arc.map(([dx, dy]) => {
    x += dx;
    y += dy;
    return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
  });
}

const ringsOf = ({type, arcs}) => (type === 'Polygon' ? arcs : type === 'MultiPolygon' ? arcs.flat() : []);

/** The points of a ring: its arcs end to end, those with a negative number backwards. */
function joined(ring, decoded) {
  return ring.flatMap((arc, at) => {
    const points = arc < 0 ? [...decoded[~arc]].reverse() : decoded[arc];
    return at ? points.slice(1) : points;
  });
}

function meets(points, [west, south, east, north]) {
  let [least, most, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [lon, lat] of points) {
    least = Math.min(least, lon);
    most = Math.max(most, lon);
    low = Math.min(low, lat);
    high = Math.max(high, lat);
  }
  return most >= west && least <= east && high >= south && low <= north;
}

const path = (points, project) => points.map(([lon, lat], at) => `${at ? 'L' : 'M'}${project(lon, lat).map((px) => px.toFixed(1)).join(' ')}`).join('');
