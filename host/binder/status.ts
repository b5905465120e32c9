/**
 * Results of a failed call. `StatusError` carries one of Android's status_t values, which a service may also return;
 * `ServiceException` is what a method of an AIDL interface throws.
 */
import { LARGE_PARCEL } from '../inspect/shortage.ts';
import { BinderlabError } from '../wire/error.ts';

const UNKNOWN_ERROR = -2147483648;

/** status_t by name. The names of errno are Linux's, negated. */
export const STATUS = {
  OK: 0,
  UNKNOWN_ERROR,
  BAD_TYPE: UNKNOWN_ERROR + 1,
  FAILED_TRANSACTION: UNKNOWN_ERROR + 2,
  FDS_NOT_ALLOWED: UNKNOWN_ERROR + 7,
  UNEXPECTED_NULL: UNKNOWN_ERROR + 8,
  PERMISSION_DENIED: -1,
  NAME_NOT_FOUND: -2,
  NO_MEMORY: -12,
  ALREADY_EXISTS: -17,
  NO_INIT: -19,
  BAD_VALUE: -22,
  DEAD_OBJECT: -32,
  INVALID_OPERATION: -38,
  NOT_ENOUGH_DATA: -61,
  UNKNOWN_TRANSACTION: -74,
  BAD_INDEX: -75,
  TIMED_OUT: -110,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(STATUS).map(([name, value]) => [value, name]));

export function statusName(status: number): string {
  return NAMES.get(status) ?? `status ${status}`;
}

export class StatusError extends BinderlabError {
  override readonly name: string = 'StatusError';

  constructor(
    /** A negative number of `STATUS`. */
    readonly status: number,
    message: string,
    /** The reason, where known. */
    override readonly cause?: Error,
  ) {
    super(message);
  }

  /** Its name, e.g. DEAD_OBJECT. */
  get statusName(): string {
    return statusName(this.status);
  }
}

/** The called process is dead; or a small call failed, whose likeliest cause that is. */
export class DeadObjectException extends StatusError {
  override readonly name = 'DeadObjectException';
}

/** A call failed whose message is so large that its size is the likeliest cause. */
export class TransactionTooLargeException extends StatusError {
  override readonly name = 'TransactionTooLargeException';
}

/**
 * The error that an application gets for a failed call, as in Java's BinderProxy. The driver does not say why a call failed,
 * so the size of the request decides: TransactionTooLargeException above 200 KiB, otherwise DeadObjectException.
 *
 * @param size Bytes of the request.
 * @returns The error itself when it is of another kind.
 */
export function remoteException(error: StatusError, size: number): StatusError {
  const { status, message } = error;
  if (status === STATUS.DEAD_OBJECT) return new DeadObjectException(status, message, error);
  if (status !== STATUS.FAILED_TRANSACTION) return error;
  if (size > LARGE_PARCEL) {
    return new TransactionTooLargeException(status, `data parcel size ${size} bytes; ${message}`, error);
  }
  const guess = 'a small parcel failed: its receiver has probably died, or has no buffer space left';
  return new DeadObjectException(status, `${guess}; ${message}`, error);
}

/** Exception codes of AIDL interfaces. */
export const EXCEPTION = {
  NONE: 0,
  SECURITY: -1,
  BAD_PARCELABLE: -2,
  ILLEGAL_ARGUMENT: -3,
  NULL_POINTER: -4,
  ILLEGAL_STATE: -5,
  NETWORK_MAIN_THREAD: -6,
  UNSUPPORTED_OPERATION: -7,
  SERVICE_SPECIFIC: -8,
  PARCELABLE: -9,
  HAS_REPLY_HEADER: -128,
} as const;

export type ExceptionName = keyof typeof EXCEPTION;

const EXCEPTION_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(EXCEPTION).map(([name, value]) => [value, name]),
);

/** A method throws it; the caller gets it instead of a result, and throws it again. */
export class ServiceException extends BinderlabError {
  override readonly name = 'ServiceException';
  /** A negative number of `EXCEPTION`. */
  readonly code: number;

  /**
   * @param text The service's message.
   * @param errorCode Its own error number, with SERVICE_SPECIFIC.
   */
  constructor(
    code: ExceptionName | number,
    readonly text: string,
    readonly errorCode = 0,
  ) {
    const number = typeof code === 'number' ? code : EXCEPTION[code];
    const own = number === EXCEPTION.SERVICE_SPECIFIC ? ` ${errorCode}` : '';
    super(`${EXCEPTION_NAMES.get(number) ?? `exception ${number}`}${own}: ${text}`);
    this.code = number;
  }
}
