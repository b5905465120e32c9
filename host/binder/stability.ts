/** How long the owner of a binder promises to keep its interface as it is: written behind each binder in a parcel. */
export const STABILITY_UNDECLARED = 0;
export const STABILITY_VENDOR = 3;
/** What everything has that is compiled with the system. */
export const STABILITY_SYSTEM = 12;
export const STABILITY_VINTF = 63;
