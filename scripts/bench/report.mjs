// What a comparison found: as a table, as one JSON object a line, or as what the pages are made of.

/** Three digits are about what repeats. */
const rounded = (number) => Number(number.toPrecision(3));

/** A nanosecond per byte is a second per gigabyte. */
const unitOf = ({ bytes }) => bytes ? "s/GB" : "ns/op";
const figure = (nanoseconds, { bytes = 1 }) => rounded(nanoseconds / bytes);
const clockAndUnit = (comparison) =>
  `${comparison.clock === "cpu" ? "CPU" : "wall"} ${unitOf(comparison)}`;

/** Each of our sides beside each of its peers; the clock says which time is compared. */
function* pairs(sides, comparison) {
  const { clock } = comparison;
  for (const ours of sides.filter(({ peer }) => peer === "ours")) {
    for (const theirs of sides) {
      const isPeer = theirs.peer !== "ours" && [ours.runtime, undefined].includes(theirs.runtime);
      if (!isPeer) continue;
      const ratios = ours.rounds.map((round, i) => round[clock] / theirs.rounds[i][clock]);
      yield { ours, theirs, ...middleOf(ratios) };
    }
  }
}

/**
 * The ratio of the round in the middle, and between what half of the rounds lie. Each round has a
 * ratio of its own, as those who take turns have the same disturbances.
 */
function middleOf(ratios) {
  const sorted = ratios.toSorted((a, b) => a - b);
  const at = (share, round) => rounded(sorted[round((sorted.length - 1) * share)]);
  return { ratio: at(1 / 2, Math.floor), low: at(1 / 4, Math.floor), high: at(3 / 4, Math.ceil) };
}

export function json(comparison, sides) {
  const { clock } = comparison;
  return [...pairs(sides, comparison)].map(({ ours, theirs, ratio }) =>
    JSON.stringify({
      package: comparison.package,
      case: comparison.name,
      runtime: ours.runtime,
      peer: theirs.peer,
      unit: clockAndUnit(comparison),
      ours: figure(ours[clock], comparison),
      theirs: figure(theirs[clock], comparison),
      ratio,
    })
  ).join("\n");
}

/**
 * What is kept of a comparison: the date and the load of the machine when it began, whether it was
 * a quick one; and `failed` says why it found nothing, if it did not.
 */
export function result(comparison, { date, load, quick, absent, sides = [], failed }) {
  const { clock, name, file, peers } = comparison;
  return {
    package: comparison.package,
    file,
    name,
    unit: clockAndUnit(comparison),
    date,
    load,
    quick,
    peers: peers.map(({ name }) => name),
    absent,
    failed,
    ours: sides.filter(({ peer }) => peer === "ours")
      .map((ours) => ({ runtime: ours.runtime, cost: figure(ours[clock], comparison) })),
    ratios: [...pairs(sides, comparison)].map(({ ours, theirs, ratio, low, high }) => ({
      runtime: ours.runtime,
      peer: theirs.peer,
      ratio,
      low,
      high,
    })),
  };
}

export function table(comparison, sides) {
  const unit = unitOf(comparison);
  const all = [...pairs(sides, comparison)];
  const lines = sides.map((side) => {
    const ratios = all.filter(({ ours }) => ours === side)
      .map(({ theirs, ratio }) => `${ratio.toFixed(2)} x ${theirs.peer}`);
    return line(
      `  ${(side.runtime ?? "").padEnd(8)}${side.peer}`,
      figure(side.cpu, comparison),
      figure(side.wall, comparison),
      ratios.join(", "),
    );
  });
  const title = `${comparison.package}: ${comparison.name}`;
  return [line(title, `CPU ${unit}`, `wall ${unit}`, ""), ...lines, ""].join("\n");
}

function line(name, cpu, wall, ratios) {
  return `${name.padEnd(44)}${String(cpu).padStart(11)}${String(wall).padStart(12)}   ${ratios}`
    .trimEnd();
}
