/** The tables of Linux 6.18 as the verifier takes them. */
import { helperById, helperName } from './helpers/protos.ts';
import { kfunc } from './kfuncs/kfuncs.ts';
import { progType } from './progtypes/index.ts';
import type { VerifierTables } from './verifier/types.ts';

/** Program types, helpers and kfuncs. */
export const TABLES: VerifierTables = {
  progType,
  helperName,
  changesPktData: (id) => helperById(id)?.changesPktData === true,
  kfunc,
};
