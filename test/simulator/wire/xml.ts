/** Plain data to the XML of AWS's query protocols. */

/** Undefined members are left out; an empty list is an empty element, as EC2 writes it. */
type XmlValue = string | number | boolean | Date | undefined | readonly XmlValue[] | XmlObject;
export interface XmlObject {
  readonly [name: string]: XmlValue;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
};

const escapeXml = (text: string) => text.replace(/[&<>"\r]/g, (character) => ESCAPES[character] ?? character);

/** One element with its contents; the members of a list are elements called `itemName`. */
export function element(name: string, value: XmlValue, itemName: string, attributes = ""): string {
  if (value === undefined) return "";
  const inside = contents(value, itemName);
  return inside === "" ? `<${name}${attributes}/>` : `<${name}${attributes}>${inside}</${name}>`;
}

function contents(value: XmlValue, itemName: string): string {
  if (value === undefined) return "";
  if (isList(value)) return value.map((item) => element(itemName, item, itemName)).join("");
  // AWS's times are whole seconds.
  if (value instanceof Date) return value.toISOString().replace(/\d{3}Z$/, "000Z");
  if (typeof value === "object") {
    return Object.entries(value)
      .map(([name, member]) => element(name, member, itemName))
      .join("");
  }
  return escapeXml(String(value));
}

const isList = (value: XmlValue): value is readonly XmlValue[] => Array.isArray(value);

export const XML_HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n';
