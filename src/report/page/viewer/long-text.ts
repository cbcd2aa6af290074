import { fill, h } from '../dom.js'
import { withMarks } from '../marks.js'

/** Characters after which a text of strangers is folded. */
const GIST = 1200

/** A text of strangers: its own direction, its beginning first where it is long. */
export function longText(text: string): HTMLElement {
  const box = h('p', { class: 'prompt', dir: 'auto' })
  const more = text.length - GIST
  if (more <= 0) {
    fill(box, ...withMarks(text))
    return box
  }
  const whole = h(
    'button',
    { class: 'link', onclick: () => fill(box, ...withMarks(text)) },
    `show ${more.toLocaleString('en')} more characters`,
  )
  fill(box, ...withMarks(text.slice(0, GIST)), '… ', whole)
  return box
}
