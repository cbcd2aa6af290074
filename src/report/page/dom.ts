/** Elements as expressions. Text becomes text nodes and nothing else: no string ever reaches an HTML parser. */

export type Child = Node | string | number | undefined | false | null

type Attribute = string | number | boolean | undefined | ((event: Event) => void)

/** `true` sets an empty attribute, `false` and `undefined` none; `on…` functions are listeners. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : String(value))
  }
  append(element, children)
  return element
}

export function append(parent: Node, children: readonly Child[]): void {
  for (const child of children) {
    if (child === undefined || child === false || child === null) continue
    parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)))
  }
}

/** Replaces what an element holds. */
export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren()
  append(element, children)
}

/** Text of strangers in a line of ours: isolated, so that its direction cannot reorder the rest. */
export function foreign(text: string, attributes: Readonly<Record<string, Attribute>> = {}): HTMLElement {
  return h('bdi', attributes, text)
}
