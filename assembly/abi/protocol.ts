/**
 * Binder's user ABI, protocol version 8 (64-bit): command words, ioctl numbers, flags, object types.
 * A word packs direction, payload size, family and number as Linux's _IOC does:
 *
 *     31..30 direction (0 none, 1 write, 2 read, 3 both) | 29..16 payload bytes | 15..8 family | 7..0 number
 */
export const BINDER_PROTOCOL_VERSION = 8;

// ioctls, family 'b'
export const BINDER_WRITE_READ = 0xc0306201;
export const BINDER_SET_IDLE_TIMEOUT = 0x40086203;
export const BINDER_SET_MAX_THREADS = 0x40046205;
export const BINDER_SET_IDLE_PRIORITY = 0x40046206;
export const BINDER_SET_CONTEXT_MGR = 0x40046207;
export const BINDER_THREAD_EXIT = 0x40046208;
export const BINDER_VERSION = 0xc0046209;
export const BINDER_GET_NODE_DEBUG_INFO = 0xc018620b;
export const BINDER_GET_NODE_INFO_FOR_REF = 0xc018620c;
export const BINDER_SET_CONTEXT_MGR_EXT = 0x4018620d;
export const BINDER_FREEZE = 0x400c620e;
export const BINDER_GET_FROZEN_INFO = 0xc00c620f;
export const BINDER_ENABLE_ONEWAY_SPAM_DETECTION = 0x40046210;
export const BINDER_GET_EXTENDED_ERROR = 0xc00c6211;

// commands from user space, family 'c'
export const BC_TRANSACTION = 0x40406300;
export const BC_REPLY = 0x40406301;
export const BC_ACQUIRE_RESULT = 0x40046302;
export const BC_FREE_BUFFER = 0x40086303;
export const BC_INCREFS = 0x40046304;
export const BC_ACQUIRE = 0x40046305;
export const BC_RELEASE = 0x40046306;
export const BC_DECREFS = 0x40046307;
export const BC_INCREFS_DONE = 0x40106308;
export const BC_ACQUIRE_DONE = 0x40106309;
export const BC_ATTEMPT_ACQUIRE = 0x4008630a;
export const BC_REGISTER_LOOPER = 0x630b;
export const BC_ENTER_LOOPER = 0x630c;
export const BC_EXIT_LOOPER = 0x630d;
export const BC_REQUEST_DEATH_NOTIFICATION = 0x400c630e;
export const BC_CLEAR_DEATH_NOTIFICATION = 0x400c630f;
export const BC_DEAD_BINDER_DONE = 0x40086310;
export const BC_TRANSACTION_SG = 0x40486311;
export const BC_REPLY_SG = 0x40486312;
export const BC_REQUEST_FREEZE_NOTIFICATION = 0x400c6313;
export const BC_CLEAR_FREEZE_NOTIFICATION = 0x400c6314;
export const BC_FREEZE_NOTIFICATION_DONE = 0x40086315;
export const BC_COUNT = 22;

// answers to user space, family 'r'
export const BR_ERROR = 0x80047200;
export const BR_OK = 0x7201;
export const BR_TRANSACTION = 0x80407202;
export const BR_TRANSACTION_SEC_CTX = 0x80487202;
export const BR_REPLY = 0x80407203;
export const BR_ACQUIRE_RESULT = 0x80047204;
export const BR_DEAD_REPLY = 0x7205;
export const BR_TRANSACTION_COMPLETE = 0x7206;
export const BR_INCREFS = 0x80107207;
export const BR_ACQUIRE = 0x80107208;
export const BR_RELEASE = 0x80107209;
export const BR_DECREFS = 0x8010720a;
export const BR_ATTEMPT_ACQUIRE = 0x8018720b;
export const BR_NOOP = 0x720c;
export const BR_SPAWN_LOOPER = 0x720d;
export const BR_FINISHED = 0x720e;
export const BR_DEAD_BINDER = 0x8008720f;
export const BR_CLEAR_DEATH_NOTIFICATION_DONE = 0x80087210;
export const BR_FAILED_REPLY = 0x7211;
export const BR_FROZEN_REPLY = 0x7212;
export const BR_ONEWAY_SPAM_SUSPECT = 0x7213;
export const BR_TRANSACTION_PENDING_FROZEN = 0x7214;
export const BR_FROZEN_BINDER = 0x80107215;
export const BR_CLEAR_FREEZE_NOTIFICATION_DONE = 0x80087216;
export const BR_COUNT = 23;

// objects inside a transaction; the low byte 0x85 marks a word as one
export const BINDER_TYPE_BINDER = 0x73622a85;
export const BINDER_TYPE_WEAK_BINDER = 0x77622a85;
export const BINDER_TYPE_HANDLE = 0x73682a85;
export const BINDER_TYPE_WEAK_HANDLE = 0x77682a85;
export const BINDER_TYPE_FD = 0x66642a85;
export const BINDER_TYPE_FDA = 0x66646185;
export const BINDER_TYPE_PTR = 0x70742a85;

// flags of a flat_binder_object that declares a binder
export const FLAT_BINDER_FLAG_PRIORITY_MASK = 0xff;
export const FLAT_BINDER_FLAG_ACCEPTS_FDS = 0x100;
export const FLAT_BINDER_FLAG_TXN_SECURITY_CTX = 0x1000;

/** Flag of a binder_buffer_object: it stands inside another one, and is to be fixed up there. */
export const BINDER_BUFFER_FLAG_HAS_PARENT = 0x01;

// flags of a transaction
export const TF_ONE_WAY = 0x01;
export const TF_ROOT_OBJECT = 0x04;
export const TF_STATUS_CODE = 0x08;
export const TF_ACCEPT_FDS = 0x10;
export const TF_CLEAR_BUF = 0x20;
export const TF_UPDATE_TXN = 0x40;
