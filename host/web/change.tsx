/** Changes the run: what happens after this step. The page runs the guest again, and shows the branch beside the journal. */
import { useState } from 'preact/hooks';
import { START } from '../history.ts';
import type { Machine } from '../machine.ts';
import type { StepInput, StepOf } from '../trace/journal.ts';
import type { BranchPlan } from './branch.ts';
import {
  bytesOfText,
  editable,
  freezeInput,
  readyThreads,
  signalInput,
  textOfBytes,
  threadsThat,
  turnPlan,
} from './branchplans.ts';
import { FAILURES, type FailureKind, failureTitle } from './outcome.ts';
import type { Store } from './store.ts';

const SHRINK_PAGES = 256;
/** Bytes of a message that can be changed: its first ones. */
const EDITED_MAX = 4096;
/** Of a failure, and of the bytes that arrive. */
const NUMBER_MAX = 1_000_000;

export function ChangePanel({ store }: { store: Store }) {
  const still = store.still.value;
  const { position } = still;
  const [failure, setFailure] = useState('');
  const { history } = store.lane(store.strategy.value);

  const make = (plan: BranchPlan | null) => {
    setFailure(plan === null ? 'That is not possible here.' : '');
    if (plan !== null) store.makeBranch(plan);
  };
  const insert = (title: string, input: StepInput | null) =>
    make(input === null ? null : { title, at: position, insert: [input] });
  const asleep = still.kept('asleep', (machine) => threadsThat(machine, 'sleep'));
  const threads = still.kept('ready', (machine) => readyThreads(machine, history, position));
  const call = editable(history, position);
  return (
    <div class="change">
      <p class="note">
        {position === START ? 'Before the first step' : `After step ${position}`} something else happens. The rest of
        the journal follows as far as it can, and stands beside the original.
      </p>
      <BranchProgress store={store} />
      <ProcessChoice processes={still.processes} machine={still.machine} insert={insert} />
      {threads.length > 0 && (
        <fieldset>
          <legend>Who runs next</legend>
          <ThreadChoice
            label="Thread"
            threads={threads}
            act="Let it run"
            make={(thread) => make(turnPlan(history, position, thread))}
          />
        </fieldset>
      )}
      {asleep.length > 0 && (
        <fieldset>
          <legend>A thread that sleeps</legend>
          <ThreadChoice
            label="Sleeping thread"
            threads={asleep}
            act="Send a signal"
            make={(thread) => insert(`${thread} gets a signal`, signalInput(still.machine, thread))}
          />
        </fieldset>
      )}
      <fieldset>
        <legend>Memory is short</legend>
        <button
          type="button"
          onClick={() => insert('unused pages are taken', { op: 'shrink', in: { pages: SHRINK_PAGES } } as StepInput)}
        >
          Shrink the mappings
        </button>
      </fieldset>
      <FailureChoice position={position} make={make} />
      {call !== null && <PayloadChoice key={call.position} call={call} make={make} />}
      {failure !== '' && <p class="problem">{failure}</p>}
      <BranchFacts store={store} />
    </div>
  );
}

interface ProcessProps {
  processes: readonly { name: string; pid: number }[];
  machine: Machine;
  insert: (title: string, input: StepInput | null) => void;
}

function ProcessChoice({ processes, machine, insert }: ProcessProps) {
  const [process, setProcess] = useState('');
  const chosen = processes.find(({ name }) => name === process) ?? processes.at(-1);
  if (chosen === undefined) return null;
  const { name, pid } = chosen;
  return (
    <fieldset>
      <legend>A process</legend>
      <select aria-label="Process" value={name} onChange={({ currentTarget }) => setProcess(currentTarget.value)}>
        {processes.map((one) => (
          <option key={one.name}>{one.name}</option>
        ))}
      </select>
      <button type="button" onClick={() => insert(`${name} is killed`, { op: 'kill', in: { proc: name, pid } })}>
        Kill it
      </button>
      <button type="button" onClick={() => insert(`${name} is frozen`, freezeInput(machine, pid))}>
        Freeze it
      </button>
    </fieldset>
  );
}

/** A branch that is being made: how far it is. */
function BranchProgress({ store }: { store: Store }) {
  const making = store.making.value;
  if (making === null) return null;
  const { title, done, count } = making;
  return (
    <div class="branch-facts" role="status">
      <p>
        <b>{title}</b>: {done.toLocaleString('en')} of {count.toLocaleString('en')} steps are performed.
      </p>
      <progress max={count} value={done} aria-label="Steps of the branch" />
      <button type="button" onClick={() => store.dropBranch()}>
        Stop
      </button>
    </div>
  );
}

function BranchFacts({ store }: { store: Store }) {
  const beside = store.beside.value;
  if (beside === null || !('branch' in beside)) return null;
  const { title, at, facts } = beside.branch;
  return (
    <div class="branch-facts">
      <p>
        <b>{title}</b> {at === START ? 'before the first step' : `after step ${at}`}. It stands beside the journal’s
        stage.{' '}
        {facts.skipped === 0
          ? 'Every later step was possible.'
          : `${facts.skipped} later steps were not possible, and are left out.`}
      </p>
      <button type="button" onClick={() => store.setBeside(null)}>
        Drop the branch
      </button>
    </div>
  );
}

/** An allocation or a copy that fails by request. */
function FailureChoice({ position, make }: { position: number; make: (plan: BranchPlan) => void }) {
  const [what, setWhat] = useState<FailureKind>('object');
  const [nth, setNth] = useState(1);
  const [bytes, setBytes] = useState(0);
  const fail = () => {
    const failure = { what, nth, bytes: what === 'copy' ? bytes : 0 };
    make({ title: failureTitle(failure), at: position, insert: [], failure });
  };
  return (
    <fieldset>
      <legend>Something fails</legend>
      <select
        aria-label="What fails"
        value={what}
        onChange={({ currentTarget }) => setWhat(currentTarget.value as FailureKind)}
      >
        {Object.entries(FAILURES).map(([kind, name]) => (
          <option key={kind} value={kind}>
            {name}
          </option>
        ))}
      </select>
      <NumberField label="number" value={nth} least={1} set={setNth} />
      {what === 'copy' && <NumberField label="after bytes" value={bytes} least={0} set={setBytes} />}
      <button type="button" onClick={fail}>
        Let it fail
      </button>
      <p class="note">Counted from here: 1 is the next one of any process.</p>
    </fieldset>
  );
}

interface NumberProps {
  label: string;
  value: number;
  least: number;
  set: (value: number) => void;
}

function NumberField({ label, value, least, set }: NumberProps) {
  return (
    <label class="number-field">
      {label}
      <input
        type="number"
        min={least}
        max={NUMBER_MAX}
        value={value}
        onInput={({ currentTarget: { valueAsNumber } }) => {
          if (valueAsNumber >= least && valueAsNumber <= NUMBER_MAX) set(Math.round(valueAsNumber));
        }}
      />
    </label>
  );
}

interface ThreadProps {
  label: string;
  threads: readonly string[];
  /** What the button says. */
  act: string;
  make: (thread: string) => void;
}

function ThreadChoice({ label, threads, act, make }: ThreadProps) {
  const [thread, setThread] = useState('');
  const chosen = threads.includes(thread) ? thread : (threads[0] ?? '');
  return (
    <>
      <select aria-label={label} value={chosen} onChange={({ currentTarget }) => setThread(currentTarget.value)}>
        {threads.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <button type="button" onClick={() => make(chosen)}>
        {act}
      </button>
    </>
  );
}

interface PayloadProps {
  call: { position: number; step: StepOf<'wr'>; data: Uint8Array };
  make: (plan: BranchPlan) => void;
}

function PayloadChoice({ call, make }: PayloadProps) {
  const [text, setText] = useState(textOfBytes(call.data.subarray(0, EDITED_MAX)));
  const change = () => {
    const poke = bytesOfText(call.step, call.data, text);
    make({
      title: `the bytes of step ${call.position} are changed`,
      at: call.position - 1,
      insert: [],
      change: new Map([[call.position, { ...call.step, in: { ...call.step.in, poke } } as StepInput]]),
    });
  };
  return (
    <fieldset>
      <legend>
        {call.data.length > EDITED_MAX ? `The first ${EDITED_MAX} bytes` : 'The bytes'} that step {call.position} sends
      </legend>
      <textarea
        aria-label="Payload in hex"
        rows={4}
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      <button type="button" onClick={change}>
        Send these
      </button>
    </fieldset>
  );
}
