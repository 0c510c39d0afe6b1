import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** One configuration, one entry a face: `--mode console` or `--mode cashier`. */
export default defineConfig(({ mode }) => {
  const face = mode === "cashier" ? "cashier" : "console";
  // Where `npm run dev:*` finds the server; the build does not use it.
  const server = process.env.FEIQIAN_URL ?? "http://127.0.0.1:8000";
  return {
    root: `src/${face}`,
    base: `/${face}/`,
    publicDir: false as const,
    plugins: face === "console" ? [react()] : [],
    build: {
      outDir: `../../dist/${face}`,
      emptyOutDir: true,
      sourcemap: false,
      target: face === "cashier" ? "es2019" : "es2022",
      // Inlined data: URLs would need an exception in the Content-Security-Policy.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 900,
    },
    server: { proxy: { [`/${face}/api`]: server } },
    test: { root: import.meta.dirname, include: ["src/**/*.test.ts"] },
  };
});
