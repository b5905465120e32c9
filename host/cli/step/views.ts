/**
 * The views of a moment in a history, by name: the calls before it, the tables of its objects, and the changes that the
 * last step made in them.
 */
import type { History } from '../../history.ts';
import { type RawChange, rawChanges } from '../../inspect/raw.ts';
import { type Change, changeLines, tableChanges } from '../../inspect/tables/diff.ts';
import { Names } from '../../inspect/tables/names.ts';
import { rawChangeLine } from '../../inspect/tables/rawtext.ts';
import { type Table, tableLines } from '../../inspect/tables/table.ts';
import { NOTHING_IN, TABLE_VIEWS, type TableView, type Views, viewsOf } from '../../inspect/tables/views.ts';
import { UsageError } from '../usage.ts';
import { StepCalls } from './calls.ts';

export type StepView = 'calls' | TableView | 'diff' | 'raw';

/** The views of `all`. */
const TOLD_VIEWS: readonly StepView[] = ['calls', ...TABLE_VIEWS, 'diff'];
export const STEP_VIEWS: readonly StepView[] = [...TOLD_VIEWS, 'raw'];

const CALLS_BEFORE = 3;

export class StepViews {
  readonly #history: History;
  readonly #calls: StepCalls;

  constructor(history: History) {
    this.#history = history;
    this.#calls = new StepCalls(history);
  }

  /** One view as text, below a line with its name. @param before The number of earlier calls in the view of calls. */
  text(view: StepView, before = CALLS_BEFORE): string[] {
    return [view, ...indented(this.#body(view, before))];
  }

  /** One view as plain data, for JSON. */
  data(view: StepView): unknown {
    switch (view) {
      case 'calls':
        return this.#calls.recent(0)[0]?.raw ?? [];
      case 'diff':
        return this.#changes();
      case 'raw':
        return this.#rawChanges();
      default:
        return this.tables()[view].map(({ title, facts, rows }) => ({
          title,
          facts,
          rows: rows.map(({ data }) => data),
        }));
    }
  }

  /** The difference of the step from its recording; null without one. */
  difference(): string | null {
    return this.#calls.difference();
  }

  /** The tables of this moment. */
  tables(): Views {
    const { machine } = this.#history;
    return viewsOf(machine.inspect, new Names(machine.processes));
  }

  #body(view: StepView, before: number): string[] {
    switch (view) {
      case 'calls':
        return this.#calls.text(before);
      case 'diff':
        return this.#diffLines();
      case 'raw':
        return this.#rawLines();
      default:
        return tablesText(view, this.tables()[view]);
    }
  }

  #diffLines(): string[] {
    if (this.#history.position < 0) return ['nothing has happened yet'];
    const changes = this.#changes();
    const lines = TABLE_VIEWS.flatMap((view) => {
      const changed = changeLines(changes[view]);
      return changed.length === 0 ? [] : [`in ${view}`, ...indented(changed)];
    });
    return lines.length === 0 ? ['nothing of buffers, pages, threads and nodes'] : lines;
  }

  #rawLines(): string[] {
    if (this.#history.position < 0) return ['nothing has happened yet'];
    const lines = this.#rawChanges().map(rawChangeLine);
    return lines.length === 0 ? ['no field of a kernel object'] : lines;
  }

  #rawChanges(): RawChange[] {
    return rawChanges(...this.#beforeAndAfter(() => this.#history.machine.inspect.rawObjects()));
  }

  #changes(): Readonly<Record<TableView, Change[]>> {
    const [before, after] = this.#beforeAndAfter(() => this.tables());
    const entries = TABLE_VIEWS.map((view) => [view, tableChanges(before[view], after[view])] as const);
    return Object.fromEntries(entries) as unknown as Record<TableView, Change[]>;
  }

  /** Calls `look` one step back, and again at this step. */
  #beforeAndAfter<T>(look: () => T): [before: T, after: T] {
    const history = this.#history;
    const after = look();
    if (!history.back()) return [after, after];
    const before = look();
    history.next();
    return [before, after];
  }
}

/** The views that a list names: `calls,buffers`, or `all`. @throws UsageError for an unknown name. */
export function stepViewsOf(list: string): StepView[] {
  const names = list.split(/[\s,]+/).filter((name) => name !== '');
  if (names.length === 0) throw new UsageError(`show what? There are ${STEP_VIEWS.join(', ')}`);
  return names.flatMap((name) => {
    if (name === 'all') return TOLD_VIEWS;
    const view = STEP_VIEWS.find((known) => known === name);
    if (view === undefined) throw new UsageError(`there is no view "${name}"; there are ${STEP_VIEWS.join(', ')}, all`);
    return [view];
  });
}

function tablesText(view: TableView, tables: readonly Table[]): string[] {
  return tables.length === 0 ? [NOTHING_IN[view]] : tables.flatMap(tableLines);
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? line : `  ${line}`));
}
