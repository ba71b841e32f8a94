/** A step of the build: leaves the built-in types as a file. */
import { writeBuiltin } from './builtin_file.ts';

writeBuiltin();
