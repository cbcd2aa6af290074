/**
 * PyTorch's file format since 1.6: a zip whose members are stored uncompressed, so that tensors can be read in place. The
 * zip layout is PKWARE's APPNOTE; files past 4 GiB use its zip64 records.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { ModelFileError } from '../../errors.js'
import type { Checkpoint } from '../checkpoint.js'
import { type StoragePlace, tensorEntries, unpickleFile } from './torch-entries.js'

interface Member {
  /** Of the local header; the data lie behind it. */
  header: number
  length: number
  stored: boolean
}

const MAX_PICKLE = 256 * 2 ** 20
const MAX_DIRECTORY = 256 * 2 ** 20

/**
 * Reads the directory and the pickle of a PyTorch zip file, not its tensors.
 *
 * @throws ModelFileError when it is damaged, compressed, or its pickle holds more than tensors and containers.
 */
export async function readTorchZip(file: string, size: number): Promise<Checkpoint> {
  const handle = await open(file)
  try {
    const members = await readDirectory(file, handle, size)
    const pickle = [...members.keys()].find(name => name === 'data.pkl' || name.endsWith('/data.pkl'))
    if (pickle === undefined) throw damaged(file, 'is a zip without data.pkl: not a PyTorch model')
    const root = pickle.slice(0, -'data.pkl'.length)
    const places = new Map<string, StoragePlace>()
    for (const [name, member] of members) {
      if (!name.startsWith(`${root}data/`)) continue
      places.set(name.slice(root.length + 'data/'.length), await locate({ file, handle, size, name, member }))
    }
    const order = members.get(`${root}byteorder`)
    if (order !== undefined) {
      const text = await readMember({ file, handle, size, name: 'byteorder', member: order })
      if (text.toString('latin1') !== 'little')
        throw damaged(file, `is of byte order "${text.toString('latin1', 0, 20)}"`)
    }
    const member = members.get(pickle) ?? { header: 0, length: 0, stored: false }
    const { value } = unpickleFile(file, await readMember({ file, handle, size, name: pickle, member }))
    return { file, tensors: tensorEntries(file, value, key => places.get(key)), metadata: {} }
  } finally {
    await handle.close()
  }
}

/** Finds the central directory from the end of the file and lists its members. */
async function readDirectory(file: string, handle: FileHandle, size: number): Promise<Map<string, Member>> {
  const tailLength = Math.min(size, 65_557 + 76)
  const tail = await readAt({ file, handle, size, offset: size - tailLength, length: tailLength })
  const end = tail.lastIndexOf('PK\x05\x06', undefined, 'latin1')
  if (end < 0 || end + 22 > tail.length) throw damaged(file, 'is a zip without a directory: it is truncated')
  let length = tail.readUInt32LE(end + 12)
  let offset = tail.readUInt32LE(end + 16)
  const locator = end - 20
  if (locator >= 0 && tail.readUInt32LE(locator) === 0x07064b50) {
    const at = Number(tail.readBigUInt64LE(locator + 8))
    const record = await readAt({ file, handle, size, offset: at, length: 56 })
    if (record.readUInt32LE(0) !== 0x06064b50) throw damaged(file, 'has a broken zip64 directory')
    length = Number(record.readBigUInt64LE(40))
    offset = Number(record.readBigUInt64LE(48))
  }
  if (length > MAX_DIRECTORY) throw damaged(file, `claims a zip directory of ${length} bytes`)
  return parseDirectory(file, await readAt({ file, handle, size, offset, length }))
}

function parseDirectory(file: string, directory: Buffer): Map<string, Member> {
  const members = new Map<string, Member>()
  for (let at = 0; at < directory.length; ) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x02014b50) {
      throw damaged(file, 'has a broken zip directory')
    }
    const flags = directory.readUInt16LE(at + 8)
    const method = directory.readUInt16LE(at + 10)
    const nameLength = directory.readUInt16LE(at + 28)
    const extraLength = directory.readUInt16LE(at + 30)
    const next = at + 46 + nameLength + extraLength + directory.readUInt16LE(at + 32)
    if (next > directory.length) throw damaged(file, 'has a broken zip directory')
    const name = directory.toString('utf8', at + 46, at + 46 + nameLength)
    const extra = directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength)
    // Fields that do not fit 32 bits are all ones and follow, in this order, in the zip64 extra field.
    const wide = zip64Fields(extra)
    const field = (position: number): number => {
      const value = directory.readUInt32LE(at + position)
      return value === 0xffffffff ? (wide.shift() ?? value) : value
    }
    const length = field(24)
    field(20)
    const header = field(42)
    if (members.has(name)) throw damaged(file, `has the member "${name}" twice`)
    members.set(name, { header, length, stored: method === 0 && (flags & 1) === 0 })
    at = next
  }
  return members
}

function zip64Fields(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = extra.readUInt16LE(at + 2)
    if (extra.readUInt16LE(at) === 1) {
      const count = Math.floor(Math.min(length, extra.length - at - 4) / 8)
      return Array.from({ length: count }, (_, i) => Number(extra.readBigUInt64LE(at + 4 + 8 * i)))
    }
    at += 4 + length
  }
  return []
}

interface MemberPlace {
  file: string
  handle: FileHandle
  size: number
  name: string
  member: Member
}

/** The data start behind the local header, whose extra field pads them to 64 bytes. */
async function locate({ file, handle, size, name, member }: MemberPlace): Promise<StoragePlace> {
  if (!member.stored) {
    throw new ModelFileError(`${file}: its member "${name}" is compressed or encrypted`, {
      hint: 'PyTorch stores its files uncompressed; save the model again with torch.save or as .safetensors.',
    })
  }
  const header = await readAt({ file, handle, size, offset: member.header, length: 30 })
  if (header.readUInt32LE(0) !== 0x04034b50) throw damaged(file, `has no member "${name}" where its directory says`)
  const offset = member.header + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
  if (offset + member.length > size) throw damaged(file, `ends inside its member "${name}": it is truncated`)
  return { offset, length: member.length }
}

async function readMember(place: MemberPlace): Promise<Buffer> {
  const { offset, length } = await locate(place)
  if (length > MAX_PICKLE) throw damaged(place.file, `has a member "${place.name}" of ${length} bytes`)
  return readAt({ ...place, offset, length })
}

interface ReadAt {
  file: string
  handle: FileHandle
  size: number
  offset: number
  length: number
}

async function readAt({ file, handle, size, offset, length }: ReadAt): Promise<Buffer> {
  if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > size) {
    throw damaged(file, `points to bytes ${offset} to ${offset + length}, but has ${size}`)
  }
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset)
  if (bytesRead !== length) throw damaged(file, 'shrank while it was read')
  return buffer
}

const damaged = (file: string, what: string) =>
  new ModelFileError(`${file}: ${what}`, { hint: 'The PyTorch file is damaged; download it again.' })
