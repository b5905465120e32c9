/** The bytes of the step's call, field by field, both ways. */
import { useState } from 'preact/hooks';
import { callBytes, type Structure } from '../picture/callbytes.ts';
import { sendingsOf } from '../picture/sending.ts';
import { eventsNamed } from '../trace/events.ts';
import type { Still } from './lane.ts';
import { threadKey, transactionKey } from './light.ts';
import type { Store } from './store.ts';

const ROWS_FIRST = 64;
const ROWS_GROWTH = 4;

export function BytesPanel({ store }: { store: Store }) {
  const still = store.still.value;
  const { step } = still;
  if (step === null) return <p class="empty">The machine as it was booted. No call has been made.</p>;
  const { structures } = still.picture('bytes', ({ names }) => callBytes(step, names));
  if (structures.length === 0) return <p class="empty">This step hands no structure to the driver.</p>;
  const messages = messageKeys(structures, still);
  return (
    <>
      {structures.map(({ name, thread, direction, address, fields }, number) => (
        <details key={`${number}`} class={`structure ${direction}`} open={number > 0 || structures.length === 1}>
          <summary data-keys={`${messages[number]} ${threadKey(thread)}`.trim()}>
            <i aria-hidden="true">{direction === 'in' ? '→' : '←'}</i>
            <b>{name}</b>
            <span>
              {direction === 'in' ? `${thread} gives` : `${thread} gets`}
              {address !== null && ` · 0x${address.toString(16)}`}
            </span>
          </summary>
          <Fields fields={fields} />
        </details>
      ))}
    </>
  );
}

/** A large message is shown by and by: rows of it would slow the page. */
function Fields({ fields }: { fields: Structure['fields'] }) {
  const [most, setMost] = useState(ROWS_FIRST);
  const rest = fields.length - most;
  return (
    <table>
      <thead class="hidden">
        <tr>
          <th>offset</th>
          <th>field</th>
          <th>value and bytes</th>
        </tr>
      </thead>
      <tbody>
        {fields.slice(0, most).map((field) => (
          <tr key={field.offset}>
            <td class="number">{field.offset}</td>
            <td>{field.name}</td>
            <td>
              <b>{field.meaning}</b>
              <code>{field.bytes.replace(/(..)(?=.)/g, '$1 ')}</code>
            </td>
          </tr>
        ))}
        {rest > 0 && (
          <tr>
            <td colSpan={3}>
              <button type="button" onClick={() => setMost(most * ROWS_GROWTH)}>
                Show more of {rest.toLocaleString('en')} rows
              </button>
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

const SENT = /^BC_(TRANSACTION|REPLY)/;
const RECEIVED = /^BR_(TRANSACTION|REPLY)(_SEC_CTX)?$/;

/** By structure: the key of the message that it sends or brings. The driver's events name them in the same order. */
function messageKeys(structures: readonly Structure[], { step, events }: Still): string[] {
  const sent = sendingsOf(step?.i ?? 0, events).map(({ transaction }) => transaction);
  const received = eventsNamed(events, 'transaction_received').map(({ args }) => args.transaction);
  const keys = structures.map(() => '');
  for (const [words, transactions] of [
    [SENT, sent],
    [RECEIVED, received],
  ] as const) {
    const own = structures.flatMap(({ name }, number) => (words.test(name) ? [number] : []));
    if (own.length !== transactions.length) continue; // one was refused
    for (const [index, number] of own.entries()) keys[number] = transactionKey(transactions[index] as number);
  }
  for (const [number, { name }] of structures.entries()) {
    if (/^(data|offsets) of /.test(name)) keys[number] = keys[number - 1] ?? ''; // they follow their command
  }
  return keys;
}
