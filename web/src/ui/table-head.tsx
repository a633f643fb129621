/** The head of a table: what each column is of. */

/** A column of words, or of numbers, which stand at the right; false: there is none. */
export type Column = string | { readonly number: string } | false;

export function TableHead({ columns }: { readonly columns: readonly Column[] }) {
  return (
    <thead>
      <tr>
        {columns.map((column) => {
          if (column === false) return null;
          if (typeof column === "string") {
            return (
              <th key={column} scope="col">
                {column}
              </th>
            );
          }
          return (
            <th key={column.number} scope="col" className="number">
              {column.number}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}
