/**
 * ComponentName: a class of a package, e.g. a service of an application. Owns its text, and its place in parcels:
 *
 *     int32 1 (there is one), string16 package, string16 class
 */
import type { Parcel } from '../binder/parcel.ts';
import { ServiceException } from '../binder/status.ts';
import { BinderlabError } from '../wire/error.ts';

export interface ComponentName {
  readonly package: string;
  /** With the package's name in front, if the class belongs to it. */
  readonly class: string;
}

/** The word before a nullable object in a parcel. */
const PRESENT = 1;

/**
 * @param text `package/class`; a class that begins with a dot belongs to the package.
 * @throws BinderlabError for any other form.
 */
export function componentOf(text: string): ComponentName {
  const [name = '', short = '', ...rest] = text.split('/');
  if (name === '' || short === '' || rest.length > 0) {
    throw new BinderlabError(`"${text}" is no component: it is written package/class`);
  }
  return { package: name, class: short.startsWith('.') ? `${name}${short}` : short };
}

/** Its text: the class is shortened if it begins with the package's name. */
export function componentText({ package: name, class: whole }: ComponentName): string {
  return `${name}/${whole.startsWith(`${name}.`) ? whole.slice(name.length) : whole}`;
}

export function writeComponent(parcel: Parcel, component: ComponentName): Parcel {
  return parcel.writeInt32(PRESENT).writeString16(component.package).writeString16(component.class);
}

/** @throws ServiceException for null. */
export function readComponent(parcel: Parcel): ComponentName {
  if (parcel.readInt32() !== PRESENT) throw new ServiceException('NULL_POINTER', 'no component is named');
  return { package: parcel.readString16(), class: parcel.readString16() };
}
