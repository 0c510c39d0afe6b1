import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./theme.css";
import "../kit/kit.css";
import "../kit/layout.css";
import "../kit/tables.css";
import "../kit/drawings.css";
import "./shell/shell.css";
import "./ledger/ledger.css";
import "./pages/pages.css";
import { App } from "./App";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
