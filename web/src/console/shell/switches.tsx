import { DesktopOutlined, MoonOutlined, SunOutlined } from "@ant-design/icons";
import { Button, Dropdown } from "antd";
import { setLanguage, useWords } from "../../words";
import { setTheme, type ThemeChoice, useTheme } from "../theme";

/** The button names the other language in that language. */
export function LanguageSwitch() {
  const { t, language } = useWords();
  const other = language === "zh" ? "en" : "zh";
  return (
    <Button type="text" lang={other === "zh" ? "zh-CN" : "en"} onClick={() => setLanguage(other)}>
      {t("app.language")}
    </Button>
  );
}

const icons: Record<ThemeChoice, React.ReactNode> = {
  light: <SunOutlined />,
  dark: <MoonOutlined />,
  system: <DesktopOutlined />,
};

export function ThemeSwitch() {
  const { t } = useWords();
  const { choice } = useTheme();
  const choices: ThemeChoice[] = ["light", "dark", "system"];
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        selectable: true,
        selectedKeys: [choice],
        items: choices.map((key) => ({
          key,
          icon: icons[key],
          label: t(`app.theme.${key}`),
          onClick: () => setTheme(key),
        })),
      }}
    >
      <Button type="text" icon={icons[choice]} aria-label={t("app.theme")} />
    </Dropdown>
  );
}
