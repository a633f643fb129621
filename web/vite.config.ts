import react from "@vitejs/plugin-react";
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` and `npm run preview` find a running exchange. */
const exchange = loadEnv("", ".", "OUTCRY_").OUTCRY_URL ?? "http://127.0.0.1:8080";

const proxy = {
  "/api": exchange,
  "/x": exchange,
  "/config.json": exchange,
  "/stream": { target: exchange.replace("http", "ws"), ws: true },
  "/ws-api": { target: exchange.replace("http", "ws"), ws: true },
};

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/openoutcry/page",
    emptyOutDir: true,
    target: "es2022",
    // Nothing is inlined: the policy allows neither script nor font from a data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy },
  preview: { proxy },
  test: { environment: "node", include: ["tests/**/*.test.ts"] },
});
