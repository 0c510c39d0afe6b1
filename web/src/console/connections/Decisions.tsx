import { Button } from "antd";
import { useState } from "react";
import { type Decision, decideProposal } from "../../api/connections";
import type { Proposal } from "../../api/types";
import { Facts } from "../../kit/layout";
import { useWords } from "../../words";
import { ActionDialog } from "./ActionDialog";

/** What whoever looks may do with a proposal; who made it only takes it back. */
export function Decisions({ proposal, blocked }: { proposal: Proposal; blocked?: boolean }) {
  const { t, pick } = useWords();
  const [asked, setAsked] = useState<Decision | null>(null);
  const [last, setLast] = useState<Decision>("approve");
  const ask = (how: Decision) => {
    setLast(how);
    setAsked(how);
  };
  return (
    <span className="decisions">
      {proposal.may_check && (
        <>
          <Button type="primary" size="small" disabled={blocked} onClick={() => ask("approve")}>
            {t("approval.approve")}
          </Button>
          <Button size="small" danger onClick={() => ask("reject")}>
            {t("approval.reject")}
          </Button>
          {blocked && <span className="quiet">{t("approval.untested")}</span>}
        </>
      )}
      {proposal.may_withdraw && (
        <>
          <Button size="small" onClick={() => ask("withdraw")}>
            {t("approval.withdraw")}
          </Button>
          <span className="quiet">{t("approval.own")}</span>
        </>
      )}
      {!proposal.may_check && !proposal.may_withdraw && proposal.state === "proposed" && (
        <span className="quiet">{t("approval.waits")}</span>
      )}
      <ActionDialog<{ note?: string }>
        title={`${t(`approval.${last}`)} · ${pick(proposal.chinese, proposal.english)} ${proposal.subject}`}
        lead={t(`approval.${last}.lead`)}
        open={asked === last}
        onClose={() => setAsked(null)}
        danger={last === "reject"}
        reason={{ name: "note", optional: last !== "reject" }}
        act={({ note }) => decideProposal(proposal.id, last, note ?? "")}
      >
        <Facts
          items={[
            [t("approval.maker"), proposal.maker],
            [t("approval.reason"), proposal.reason],
          ]}
        />
      </ActionDialog>
    </span>
  );
}
