/** Untrusted text inside Markdown. */
import { oneLine } from './format.js'

/** Untrusted text as text: no markup, no link, no mention, no cell of its own. */
export function plain(text: string): string {
  return oneLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\\`*_{}[\]()#+!|~]/g, '\\$&')
    .replace(/@(?=\w)/g, '@\u200b')
    .replace(/:\/\//g, ':\u200b//')
}

/** Untrusted text as a code span: its fence is longer than any run of backticks inside, pipes would end the cell. */
export function code(text: string): string {
  const inner = oneLine(text).replaceAll('|', '\\|')
  const fence = '`'.repeat(1 + Math.max(0, ...[...inner.matchAll(/`+/g)].map(([run]) => run.length)))
  const pad = inner.startsWith('`') || inner.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${inner}${pad}${fence}`
}

/** Rows of cells that are Markdown already: the first column to the left, figures to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}
