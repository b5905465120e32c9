/**
 * Byte layouts of the structures that cross the user boundary (little endian, 64-bit ABI).
 * `*_SIZE` is the structure, everything else the offset of one field in it.
 */

// struct binder_write_read
export const WRITE_READ_SIZE = 48;
export const WRITE_READ_WRITE_SIZE = 0; // u64
export const WRITE_READ_WRITE_CONSUMED = 8; // u64
export const WRITE_READ_WRITE_BUFFER = 16; // u64
export const WRITE_READ_READ_SIZE = 24; // u64
export const WRITE_READ_READ_CONSUMED = 32; // u64
export const WRITE_READ_READ_BUFFER = 40; // u64

// struct binder_transaction_data; _SG and _SECCTX append 8 bytes to it
export const TRANSACTION_DATA_SIZE = 64;
export const TRANSACTION_DATA_TARGET = 0; // u32 handle in a BC_, u64 ptr in a BR_
export const TRANSACTION_DATA_COOKIE = 8; // u64
export const TRANSACTION_DATA_CODE = 16; // u32
export const TRANSACTION_DATA_FLAGS = 20; // u32
export const TRANSACTION_DATA_SENDER_PID = 24; // i32
export const TRANSACTION_DATA_SENDER_EUID = 28; // u32
export const TRANSACTION_DATA_DATA_SIZE = 32; // u64
export const TRANSACTION_DATA_OFFSETS_SIZE = 40; // u64
export const TRANSACTION_DATA_BUFFER = 48; // u64
export const TRANSACTION_DATA_OFFSETS = 56; // u64
export const TRANSACTION_DATA_SG_SIZE = 72;
export const TRANSACTION_DATA_SG_BUFFERS_SIZE = 64; // u64
export const TRANSACTION_DATA_SECCTX_SIZE = 72;
export const TRANSACTION_DATA_SECCTX_SECCTX = 64; // u64

// struct flat_binder_object; all objects begin with the u32 type
export const OBJECT_TYPE = 0; // u32
export const OBJECT_FLAGS = 4; // u32
export const FLAT_OBJECT_SIZE = 24;
export const FLAT_OBJECT_HANDLE = 8; // u32 handle or u64 binder
export const FLAT_OBJECT_COOKIE = 16; // u64

// struct binder_fd_object
export const FD_OBJECT_SIZE = 24;
export const FD_OBJECT_FD = 8; // u32, the upper half is padding
export const FD_OBJECT_COOKIE = 16; // u64

// struct binder_buffer_object
export const BUFFER_OBJECT_SIZE = 40;
export const BUFFER_OBJECT_BUFFER = 8; // u64
export const BUFFER_OBJECT_LENGTH = 16; // u64
export const BUFFER_OBJECT_PARENT = 24; // u64, index into the offsets
export const BUFFER_OBJECT_PARENT_OFFSET = 32; // u64

// struct binder_fd_array_object
export const FD_ARRAY_OBJECT_SIZE = 32;
export const FD_ARRAY_OBJECT_NUM_FDS = 8; // u64
export const FD_ARRAY_OBJECT_PARENT = 16; // u64
export const FD_ARRAY_OBJECT_PARENT_OFFSET = 24; // u64

// struct binder_ptr_cookie, and binder_handle_cookie (packed)
export const PTR_COOKIE_SIZE = 16;
export const PTR_COOKIE_COOKIE = 8; // u64
export const HANDLE_COOKIE_SIZE = 12;
export const HANDLE_COOKIE_COOKIE = 4; // u64, not aligned

// struct binder_node_debug_info
export const NODE_DEBUG_INFO_SIZE = 24;
export const NODE_DEBUG_INFO_PTR = 0; // u64
export const NODE_DEBUG_INFO_COOKIE = 8; // u64
export const NODE_DEBUG_INFO_HAS_STRONG_REF = 16; // u32
export const NODE_DEBUG_INFO_HAS_WEAK_REF = 20; // u32

// struct binder_node_info_for_ref
export const NODE_INFO_FOR_REF_SIZE = 24;
export const NODE_INFO_FOR_REF_HANDLE = 0; // u32
export const NODE_INFO_FOR_REF_STRONG_COUNT = 4; // u32
export const NODE_INFO_FOR_REF_WEAK_COUNT = 8; // u32

// struct binder_freeze_info
export const FREEZE_INFO_SIZE = 12;
export const FREEZE_INFO_PID = 0; // u32
export const FREEZE_INFO_ENABLE = 4; // u32
export const FREEZE_INFO_TIMEOUT_MS = 8; // u32

// struct binder_frozen_status_info
export const FROZEN_STATUS_INFO_SIZE = 12;
export const FROZEN_STATUS_INFO_PID = 0; // u32
export const FROZEN_STATUS_INFO_SYNC_RECV = 4; // u32
export const FROZEN_STATUS_INFO_ASYNC_RECV = 8; // u32

// struct binder_frozen_state_info, the payload of BR_FROZEN_BINDER
export const FROZEN_STATE_INFO_SIZE = 16;
export const FROZEN_STATE_INFO_COOKIE = 0; // u64
export const FROZEN_STATE_INFO_IS_FROZEN = 8; // u32
export const FROZEN_STATE_INFO_RESERVED = 12; // u32

// struct binder_extended_error
export const EXTENDED_ERROR_SIZE = 12;
export const EXTENDED_ERROR_ID = 0; // u32
export const EXTENDED_ERROR_COMMAND = 4; // u32
export const EXTENDED_ERROR_PARAM = 8; // i32, a negative errno
