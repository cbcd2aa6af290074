import { type Child, h } from './dom.js'

export interface Column<Row> {
  title: string
  /** The first column's cell is the row's heading. */
  cell(row: Row): Child | readonly Child[]
  /** Words stand left, figures right. @default figures */
  words?: boolean
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
        h(
          'tr',
          {},
          ...columns.map(({ title, words }) => h('th', { scope: 'col', class: words ? 'text' : undefined }, title)),
        ),
      ),
      h('tbody', {}, ...rows.map(row => h('tr', {}, ...columns.map((column, index) => cell(row, column, index))))),
    ),
  )
}

function cell<Row>(row: Row, { cell, words }: Column<Row>, index: number): HTMLElement {
  const content = cell(row)
  const children: readonly Child[] = Array.isArray(content) ? content : [content as Child]
  const attributes = { class: words ? 'text' : undefined }
  return index === 0 ? h('th', { scope: 'row', ...attributes }, ...children) : h('td', attributes, ...children)
}
