import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { ConfigProvider } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import dayjs from "dayjs";
import "dayjs/locale/zh-cn";
import { MoneyTip } from "../kit/MoneyTip";
import { useWords } from "../words";
import { queryClient, router } from "./router";
import { antdTheme, useTheme } from "./theme";

export function App() {
  const { language } = useWords();
  const { dark } = useTheme();
  dayjs.locale(language === "zh" ? "zh-cn" : "en");
  return (
    <ConfigProvider
      theme={antdTheme(dark)}
      locale={language === "zh" ? zhCN : enUS}
      button={{ autoInsertSpace: false }}
    >
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
        <MoneyTip />
      </QueryClientProvider>
    </ConfigProvider>
  );
}
