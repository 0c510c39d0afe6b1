import { MenuOutlined, SearchOutlined, UserOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useRouter } from "@tanstack/react-router";
import { Button, Drawer, Dropdown } from "antd";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { latestOverviewQuery, sessionQuery, signOut } from "../../api/queries";
import { Tag } from "../../kit/StateTag";
import { useWords } from "../../words";
import { navigation } from "./navigation";
import { LanguageSwitch, ThemeSwitch } from "./switches";

const loadSearch = () => import("./SearchDialog");
const SearchDialog = lazy(loadSearch);

function Navigation({ onGo }: { onGo?: () => void }) {
  const { t } = useWords();
  return (
    <nav className="navigation" aria-label={t("app.navigation")}>
      {navigation.map((group) => (
        <div key={group.key ?? "top"}>
          {group.key && <h2>{t(group.key)}</h2>}
          <ul>
            {group.items.map((item) => (
              <li key={item.key}>
                <Link
                  to={item.href}
                  activeOptions={{ exact: item.href === "/", includeSearch: false }}
                  onClick={onGo}
                >
                  {t(item.key)}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

function Brand() {
  const { t } = useWords();
  return (
    <Link className="brand" to="/">
      <span className="brand-mark" aria-hidden="true" />
      <b>{t("app.name")}</b>
      <span className="quiet">{t("app.face")}</span>
    </Link>
  );
}

function AccountMenu() {
  const { t } = useWords();
  const { data: staff } = useQuery(sessionQuery);
  const client = useQueryClient();
  const router = useRouter();
  const leave = useMutation({
    mutationFn: signOut,
    onSuccess: () => {
      client.clear();
      void router.navigate({ to: "/sign-in", search: {} });
    },
  });
  if (!staff) return null;
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        items: [
          {
            key: "who",
            disabled: true,
            label: (
              <>
                {staff.email}
                <br />
                {t(`role.${staff.role}`)}
              </>
            ),
          },
          { type: "divider" },
          { key: "out", label: t("app.signOut"), onClick: () => leave.mutate() },
        ],
      }}
    >
      <Button type="text" icon={<UserOutlined />} aria-label={`${t("app.account")}: ${staff.name}`}>
        <span className="wide-only">{staff.name}</span>
      </Button>
    </Dropdown>
  );
}

/** Ctrl-K opens the search, `/` goes to the filter of the list. */
function useKeys(search: { open: boolean; onOpen: () => void; onType: (character: string) => void }): void {
  const latest = useRef(search);
  latest.current = search;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select");
      const command = event.ctrlKey || event.metaKey;
      if (command && event.key.toLowerCase() === "k") {
        event.preventDefault();
        latest.current.onOpen();
      } else if (typing || command || event.altKey || event.key.length !== 1) {
        return;
      } else if (latest.current.open) {
        // Typed faster than the dialog could open: nothing is lost.
        event.preventDefault();
        latest.current.onType(event.key);
      } else if (event.key === "/") {
        const field = document.querySelector<HTMLInputElement>(
          "input[data-filter=main], [data-filter=main] input",
        );
        if (!field) return;
        event.preventDefault();
        field.focus();
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

function SandboxMark() {
  const { t } = useWords();
  const { data } = useQuery(latestOverviewQuery);
  return data?.sandbox ? (
    <span title={t("app.sandbox.hint")}>
      <Tag tone="warn">{t("app.sandbox")}</Tag>
    </span>
  ) : null;
}

/** The frame of every page: menu, search, language, theme, account. */
export function Shell() {
  const { t } = useWords();
  const [menuOpen, setMenuOpen] = useState(false);
  const [searchOpen, setSearchOpen] = useState(false);
  const [searchUsed, setSearchUsed] = useState(false);
  const [searchText, setSearchText] = useState("");
  const openSearch = () => {
    setSearchUsed(true);
    setSearchOpen(true);
  };
  useKeys({
    open: searchOpen,
    onOpen: openSearch,
    onType: (character) => setSearchText((text) => text + character),
  });
  // Fetched once the page stands, so that the first Ctrl-K opens at once and loses no keystroke.
  useEffect(() => {
    const timer = setTimeout(() => void loadSearch(), 150);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {t("app.skip")}
      </a>
      <aside className="side">
        <Brand />
        <Navigation />
      </aside>
      <Drawer
        open={menuOpen}
        onClose={() => setMenuOpen(false)}
        placement="left"
        size={264}
        title={t("app.name")}
        styles={{ body: { padding: "8px 0" } }}
      >
        <Navigation onGo={() => setMenuOpen(false)} />
      </Drawer>
      <div className="main">
        <header className="top">
          <Button
            className="menu-button"
            type="text"
            icon={<MenuOutlined />}
            aria-label={t("app.menu")}
            onClick={() => setMenuOpen(true)}
          />
          <button type="button" className="search-button" onClick={openSearch} aria-keyshortcuts="Control+K">
            <SearchOutlined />
            <span>{t("search.open")}</span>
            <kbd>Ctrl K</kbd>
          </button>
          <div className="top-right">
            <SandboxMark />
            <ThemeSwitch />
            <LanguageSwitch />
            <AccountMenu />
          </div>
        </header>
        <main id="content" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      {searchUsed && (
        <Suspense fallback={null}>
          <SearchDialog
            open={searchOpen}
            text={searchText}
            onText={setSearchText}
            onClose={() => setSearchOpen(false)}
          />
        </Suspense>
      )}
    </div>
  );
}
