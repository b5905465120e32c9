/**
 * The runtime that asc links into the guest (`--runtime`): none. Only imported, never exported, so that the wasm has no
 * export for it.
 */
import './refusal';
