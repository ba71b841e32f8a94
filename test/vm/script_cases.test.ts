/**
 * Exceptions, strings, trees: scripts with the answers of Linux 6.18. To record those again:
 *
 *     SCRIPTS_RECORD=1 node dist/test/vm/script_cases.test.js
 */
import { testScripts } from './lib/script_test.ts';

testScripts('exceptions');
testScripts('strings');
testScripts('trees');
