/** The name of a number in a table, or the number itself. */
export function nameIn<T extends Readonly<Record<string, number>>>(
  table: T,
  number: number,
): keyof T & string | number {
  return Object.keys(table).find((name) => table[name] === number) ?? number;
}
