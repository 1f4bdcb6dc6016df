// What a comparison found, as a table or as one JSON object a line.

/** Three digits are about what repeats. */
const rounded = (number) => Number(number.toPrecision(3));

/** A nanosecond per byte is a second per gigabyte. */
const unitOf = ({ bytes }) => bytes ? "s/GB" : "ns/op";
const figure = (nanoseconds, { bytes = 1 }) => rounded(nanoseconds / bytes);

/** Each of our sides beside each of its peers; `clock` says which time is compared. */
function* pairs(sides, { clock }) {
  for (const ours of sides.filter(({ peer }) => peer === "ours")) {
    for (const theirs of sides) {
      const isPeer = theirs.peer !== "ours" && [ours.runtime, undefined].includes(theirs.runtime);
      if (isPeer) yield { ours, theirs, ratio: rounded(ours[clock] / theirs[clock]) };
    }
  }
}

export function json(comparison, sides) {
  const { clock } = comparison;
  return [...pairs(sides, comparison)].map(({ ours, theirs, ratio }) =>
    JSON.stringify({
      package: comparison.package,
      case: comparison.name,
      runtime: ours.runtime,
      peer: theirs.peer,
      unit: `${clock === "cpu" ? "CPU" : "wall"} ${unitOf(comparison)}`,
      ours: figure(ours[clock], comparison),
      theirs: figure(theirs[clock], comparison),
      ratio,
    })
  ).join("\n");
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
