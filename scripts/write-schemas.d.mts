export function writeSchemas(folder: string): Promise<void>
