/** A QR code as one SVG path: drawn here, since what is in it is a secret. */

import qrcode from "qrcode-generator";

export interface QrPicture {
  /** Modules on each edge, the quiet zone included. */
  readonly size: number;
  readonly path: string;
}

const QUIET = 4;

export function qrPicture(text: string): QrPicture {
  const code = qrcode(0, "M");
  code.addData(text);
  code.make();
  const count = code.getModuleCount();
  let path = "";
  for (let row = 0; row < count; row += 1) {
    for (let column = 0; column < count; column += 1) {
      if (code.isDark(row, column)) path += `M${column + QUIET} ${row + QUIET}h1v1h-1z`;
    }
  }
  return { size: count + 2 * QUIET, path };
}
