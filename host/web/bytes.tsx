/** The bytes of the step's call, field by field, both ways. */
import { callBytes } from '../picture/callbytes.ts';
import { threadKey } from './light.ts';
import type { Store } from './store.ts';

export function BytesPanel({ store }: { store: Store }) {
  const still = store.still.value;
  const { step } = still;
  if (step === null) return <p class="empty">The machine as it was booted. No call has been made.</p>;
  const { structures } = still.picture('bytes', ({ names }) => callBytes(step, names));
  if (structures.length === 0) return <p class="empty">This step hands no structure to the driver.</p>;
  return (
    <>
      {structures.map(({ name, thread, direction, address, fields }, number) => (
        <details
          key={`${number} ${name}`}
          class={`structure ${direction}`}
          open={number > 0 || structures.length === 1}
        >
          <summary data-keys={threadKey(thread)}>
            <i aria-hidden="true">{direction === 'in' ? '→' : '←'}</i>
            <b>{name}</b>
            <span>
              {direction === 'in' ? `${thread} gives` : `${thread} gets`}
              {address !== null && ` · 0x${address.toString(16)}`}
            </span>
          </summary>
          <table>
            <thead class="hidden">
              <tr>
                <th>offset</th>
                <th>field</th>
                <th>value and bytes</th>
              </tr>
            </thead>
            <tbody>
              {fields.map((field) => (
                <tr key={field.offset}>
                  <td class="number">{field.offset}</td>
                  <td>{field.name}</td>
                  <td>
                    <b>{field.meaning}</b>
                    <code>{field.bytes.replace(/(..)(?=.)/g, '$1 ')}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      ))}
    </>
  );
}
