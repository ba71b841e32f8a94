/**
 * Helpers with arguments at the edges of what they take, with the answers of Linux 6.18.
 * To record those again:
 *
 *     SCRIPTS_RECORD=1 node dist/test/vm/edge_cases.test.js
 */
import { testScripts } from './lib/script_test.ts';

testScripts('edges');
