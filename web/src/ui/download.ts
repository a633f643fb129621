/** Give the browser a file that was made here. */

export function download(name: string, text: string, media = "text/csv"): void {
  const address = URL.createObjectURL(new Blob([text], { type: `${media};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
