import { type Child, h } from './dom.js'

export interface Column<Row> {
  title: string
  /** The first column's cell is the row's heading. */
  cell(row: Row): Child | readonly Child[]
  /** Words stand left, figures right. @default figures */
  words?: boolean
  /** Sentences, which break into lines. */
  sentences?: boolean
}

/** A table of records. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): HTMLElement {
  return h(
    'div',
    { class: 'scroll', tabindex: '0' },
    h(
      'table',
      { class: 'records' },
      h(
        'thead',
        {},
        h('tr', {}, ...columns.map(column => h('th', { scope: 'col', class: classOf(column) }, column.title))),
      ),
      h('tbody', {}, ...rows.map(row => h('tr', {}, ...columns.map((column, index) => cell(row, column, index))))),
    ),
  )
}

function classOf<Row>({ words, sentences }: Column<Row>): string | undefined {
  return sentences ? 'text sentences' : words ? 'text' : undefined
}

function cell<Row>(row: Row, column: Column<Row>, index: number): HTMLElement {
  const content = column.cell(row)
  const children: readonly Child[] = Array.isArray(content) ? content : [content as Child]
  const attributes = { class: classOf(column) }
  return index === 0 ? h('th', { scope: 'row', ...attributes }, ...children) : h('td', attributes, ...children)
}
