/** Characters that are not seen and change what is: shown by their number instead of being obeyed. */
import { type Child, h } from './dom.js'

/** Controls but for line breaks and tabs, marks of direction, characters without width but for those that join emoji. */
const UNSEEN = /[\p{Cc}\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\p{Cs}]/u

const VISIBLE = /[\n\t]/

/** Text of strangers with its unseen characters as small labels. */
export function withMarks(text: string): Child[] {
  return split(text).map(part => (isUnseen(part) ? h('span', { class: 'mark' }, codePoint(part)) : part))
}

/** JSON in which unseen characters are escaped: it means the same, and shows what it means. */
export function escapeUnseen(json: string): string {
  return split(json)
    .map(part => (isUnseen(part) ? `\\u${part.charCodeAt(0).toString(16).padStart(4, '0')}` : part))
    .join('')
}

function split(text: string): string[] {
  return text.split(new RegExp(`(${UNSEEN.source})`, 'u')).filter(part => part !== '')
}

function isUnseen(part: string): boolean {
  return part.length === 1 && UNSEEN.test(part) && !VISIBLE.test(part)
}

function codePoint(character: string): string {
  return `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
}
