import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { loansQuery } from "../../api/queries";
import type { LoanState } from "../../api/types";
import { ChoiceFilter, FilterBar } from "../../kit/FilterBar";
import { LoanTable } from "../../kit/LoanTable";
import { PageHead, Panel, TotalsStrip } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { formatCount } from "../../kit/money";
import { Pager } from "../../kit/Pager";
import { QueryView } from "../../kit/QueryView";
import { SkeletonTable } from "../../kit/states";
import { useWords } from "../../words";

const route = getRouteApi("/shell/loans");

const states: LoanState[] = ["active", "overdue", "repaid"];

export function Loans() {
  const { t } = useWords();
  const { state, cursor } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(loansQuery({ state, cursor }));
  return (
    <div className="page">
      <PageHead title={t("loan.title")} />
      <FilterBar filtered={Boolean(state)} onClear={() => void navigate({ search: {} })}>
        <ChoiceFilter
          label={t("loan.state")}
          value={state}
          options={states.map((name) => ({ value: name, label: t(`loan.state.${name}`) }))}
          onChange={(value) => void navigate({ search: { state: value }, replace: true })}
        />
      </FilterBar>
      <Panel flush>
        <QueryView query={query} skeleton={<SkeletonTable />}>
          {({ items, totals, next_cursor }) => (
            <div>
              {totals && (
                <TotalsStrip
                  items={[
                    [t("loan.totals.count"), formatCount(totals.count)],
                    [t("loan.principal"), <Money key="principal" minor={totals.principal} />],
                    [t("loan.outstanding"), <Money key="outstanding" minor={totals.outstanding} />],
                    [t("loan.interestAccrued"), <Money key="interest" minor={totals.interest_accrued} />],
                  ]}
                />
              )}
              <LoanTable loans={items} filtered={Boolean(state)} />
              <Pager cursor={cursor} next={next_cursor} />
            </div>
          )}
        </QueryView>
      </Panel>
    </div>
  );
}
