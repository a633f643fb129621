import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { Exchange, loadConfig } from "./exchange";
import { ExchangeContext } from "./hooks";
import { startTheme } from "./theme";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/trade.css";
import "./styles/pages.css";

startTheme();

async function begin(): Promise<void> {
  const root = document.getElementById("root");
  if (!root) throw new Error("the page has no root");
  const exchange = new Exchange(await loadConfig());
  exchange.start();
  createRoot(root).render(
    <StrictMode>
      <ExchangeContext value={exchange}>
        <App />
      </ExchangeContext>
    </StrictMode>,
  );
}

void begin();
