/**
 * binderlab: a Binder driver that you can step through. Scripts import this module only.
 *
 *     import { bc, type Machine } from 'binderlab';
 *
 *     export default (machine: Machine) => {
 *       const app = machine.spawn('app').main;
 *       const fd = app.open();
 *       app.mmap(fd);
 *       app.writeRead(fd, [bc.enterLooper()]);
 *     };
 */
export {
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLRDHUP,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_PRIVATE,
  MAP_SHARED,
  O_NONBLOCK,
  PROT_READ,
  PROT_WRITE,
} from '../assembly/abi/machine.ts';
export { type ActivityManager, SERVICE_RESTART_DURATION } from './android/activitymanager.ts';
export { Android } from './android/android.ts';
export { CallLog, type LoggedCall } from './android/calllog.ts';
export { type ComponentName, componentOf, componentText } from './android/component.ts';
export type { ContentService } from './android/contentservice.ts';
export type { Context } from './android/context.ts';
export { Freezer } from './android/freezer.ts';
export { ActivityManagerProxy, BIND_AUTO_CREATE } from './android/iactivitymanager.ts';
export { ContentObserver, type OnChange } from './android/icontentobserver.ts';
export { ContentResolver } from './android/icontentservice.ts';
export { Looper, type Message } from './android/looper.ts';
export type { Activity, Package, Service } from './android/packages.ts';
export type { ProcessRecord } from './android/processrecord.ts';
export { giveBack } from './android/remote.ts';
export type { ServiceConnection } from './android/servicedispatcher.ts';
export type { ConnectionRecord, ServiceRecord } from './android/servicerecord.ts';
export type { SystemServer } from './android/systemserver.ts';
export { type Main, onZygoteInit, Zygote, type ZygoteOptions } from './android/zygote.ts';
export type { ZygoteArguments } from './android/zygotearguments.ts';
export { ZygoteError, ZygoteProcess } from './android/zygoteprocess.ts';
export {
  BBinder,
  DUMP_TRANSACTION,
  INTERFACE_TRANSACTION,
  PING_TRANSACTION,
  SHELL_COMMAND_TRANSACTION,
} from './binder/bbinder.ts';
export { BLOB_INPLACE_LIMIT, readBlob, writeBlob } from './binder/blob.ts';
export { BpBinder } from './binder/bpbinder.ts';
export type { CallingIdentity, WorkSource } from './binder/identity.ts';
export { BnInterface, BpInterface, type Method } from './binder/interface.ts';
export { IPCThreadState } from './binder/ipcthreadstate.ts';
export {
  defaultServiceManager,
  ServiceCallback,
  type ServiceDebugInfo,
  type ServiceManagerProxy,
} from './binder/iservicemanager.ts';
export { type DeathRecipient, type IBinder, Parcel, type Parcelable, type RequestHeader } from './binder/parcel.ts';
export { ParcelError } from './binder/parcelerror.ts';
export { DEFAULT_MAX_BINDER_THREADS, ProcessState } from './binder/processstate.ts';
export { ServiceManager, type ServiceManagerOptions } from './binder/servicemanager.ts';
export {
  STABILITY_SYSTEM,
  STABILITY_UNDECLARED,
  STABILITY_VENDOR,
  STABILITY_VINTF,
} from './binder/stability.ts';
export {
  DeadObjectException,
  EXCEPTION,
  type ExceptionName,
  ServiceException,
  STATUS,
  StatusError,
  TransactionTooLargeException,
} from './binder/status.ts';
export { ByteOrigins } from './byteorigins.ts';
export { BreakError } from './condition.ts';
export {
  type Exploration,
  type ExploreCounts,
  type ExploredScript,
  type ExploreFailure,
  type ExploreOptions,
  explore,
} from './explore/explorer.ts';
export type { FailedProperty } from './explore/run.ts';
export type { CompiledWasm } from './guest/code.ts';
export type { WasmSource } from './guest/guest.ts';
export { History, HistoryError, type HistoryOptions, type StepChange } from './history.ts';
export type {
  DeathEvent,
  FaultEvent,
  Listener,
  MachineEventName,
  MachineEvents,
  PageChange,
  PageEvent,
  TransactionEvent,
  WakeEvent,
  WordEvent,
} from './hooks.ts';
export type { Injected, Injection } from './injector.ts';
export type { BufferView, FreeBufferView, PageView, UsedBufferView } from './inspect/buffers.ts';
export type { LogEntryView, StatsView } from './inspect/counts.ts';
export { DEBUG_FILES, type DebugFile, type DebugFiles } from './inspect/debugfs.ts';
export { type Explanation, explanationLines } from './inspect/explanation.ts';
export type { Holding } from './inspect/holdings.ts';
export type { Inspector, SpaceOwner } from './inspect/inspector.ts';
export type { ClassName } from './inspect/kernelmemory.ts';
export type { FrameView, WalkView } from './inspect/memory.ts';
export type { NodeView, RefView } from './inspect/nodes.ts';
export type { ContextName, ContextView, LooperView, MappingView, ProcView } from './inspect/procs.ts';
export { type Place, type RawChange, type RawObject, type RawValue, rawChanges } from './inspect/raw.ts';
export {
  type BufferState,
  type Named,
  type Shortage,
  type SpaceHolder,
  shortageLines,
} from './inspect/shortage.ts';
export type { DescriptorView, FileKindName, ParkedIn, ProcessView, ThreadView, VmaView } from './inspect/tasks.ts';
export type { NamedThread, Wait, WaitReason } from './inspect/waits.ts';
export { type Reading, type Watched, watched } from './inspect/watched.ts';
export type { StackEntryView, TransactionView, WorkView } from './inspect/works.ts';
export { type BootOptions, Machine, type SpawnOptions, STRATEGIES, type Strategy } from './machine.ts';
export type { Arena } from './os/arena.ts';
export type { Call, EpollCall, IoctlCall, PollCall, ReadCall, WriteCall } from './os/call.ts';
export type { ForeignMemory } from './os/foreignmemory.ts';
export type { ArenaRange, ForkOptions, Process } from './os/process.ts';
export type { FileInfo } from './os/syscalls.ts';
export type { ScheduleChoice } from './os/system.ts';
export type { Device, IoctlOptions, MmapOptions, Thread, WriteReadOptions } from './os/thread.ts';
export type { WriteReadCall } from './os/writeread.ts';
export { PropertyError } from './properties.ts';
export type { RecordedSteps } from './recordedsteps.ts';
export {
  type Boot,
  type Difference,
  type Performer,
  ReplayError,
  type ReplayOptions,
  type ReplayResult,
  record,
  replay,
} from './replay.ts';
export { DeadlockError, type Stuck } from './sim/deadlock.ts';
export type { Act, Program, Request } from './sim/request.ts';
export type { Order } from './sim/schedule.ts';
export { sys } from './sim/scriptsys.ts';
export type { RunOptions, Simulation, SimulationOptions } from './sim/simulation.ts';
export type { SimThread } from './sim/thread.ts';
export type { Snapshot } from './snapshot.ts';
export { BinaryJournal } from './trace/binaryjournal.ts';
export type { StepDifference } from './trace/compare.ts';
export type {
  Journal,
  JournalEmulator,
  JournalHeader,
  JournalProcess,
  Step,
  StepInput,
  StepInputOf,
  StepOf,
  Woken,
} from './trace/journal.ts';
export type { JournalKeeping } from './trace/journalkeeper.ts';
export { formatJournal, JournalError, parseJournal } from './trace/journaltext.ts';
export type { Origins } from './trace/origins.ts';
export { Strace, type StraceOptions } from './trace/strace.ts';
export type { ByteSource, FileSink } from './wasm/filesink.ts';
export type { Command } from './wire/command.ts';
export { bc, type NodeName, type ReplyInput, type TransactionInput } from './wire/commands.ts';
export type { Counters } from './wire/counters.ts';
export type { EpollEvent } from './wire/epoll.ts';
export { assert, BinderlabError } from './wire/error.ts';
export type { Address, HexBytes } from './wire/hex.ts';
export { HISTORICAL_BUGS, type HistoricalBug } from './wire/historicalbugs.ts';
export type { ExtendedError, FrozenInfo, NodeDebugInfo, NodeInfoForRef } from './wire/ioctls.ts';
export type { FileKind, SignalName } from './wire/kinds.ts';
export type { LogLine } from './wire/log.ts';
export type { ObjectInput, Placed, ReceivedObject } from './wire/objects.ts';
export type { Op, Operations } from './wire/operations.ts';
export type { PayloadInput } from './wire/payload.ts';
export type { MessageName, Return, ReturnName, ReturnOf, TransactionReturn } from './wire/returns.ts';
export type { Writing } from './writing.ts';
