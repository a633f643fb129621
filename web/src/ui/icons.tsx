/** Small pictures, drawn here: no font and no other origin is needed for them. */

const paths = {
  bell: "M6 17V11a6 6 0 0 1 12 0v6l2 2H4l2-2Zm4 4h4",
  sun: "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10Zm0-6v3m0 16v3M4.2 4.2l2.1 2.1m11.4 11.4 2.1 2.1M1 12h3m16 0h3M4.2 19.8l2.1-2.1M17.7 6.3l2.1-2.1",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
  down: "m6 9 6 6 6-6",
  rise: "M12 20V5m-6 6 6-6 6 6",
  fall: "M12 4v15m-6-6 6 6 6-6",
  close: "M5 5l14 14M19 5 5 19",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14Zm5 12 5 5",
  menu: "M3 6h18M3 12h18M3 18h18",
  pencil: "m4 20 4-1L20 7l-3-3L5 16l-1 4Z",
  download: "M12 4v11m-5-4 5 5 5-5M4 20h16",
  star: "m12 3 2.7 5.8 6.3.8-4.6 4.4 1.2 6.3-5.6-3.1-5.6 3.1 1.2-6.3L3 9.6l6.3-.8L12 3Z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  chart: "M5 4v16M5 16h3V9h3M16 20V4m-3 12h6V8h-6z",
  book: "M4 6h16M4 10h11M4 14h13M4 18h8",
  tape: "M4 5h16v14H4zM8 9h8m-8 3h8m-8 3h5",
  trade: "M7 20V6m0 0L3 10m4-4 4 4m6-6v14m0 0 4-4m-4 4-4-4",
  list: "M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
