// Runs a program in a network of its own:
//
//   in_own_network.mjs FILE
import process from "node:process";
import { pathToFileURL } from "node:url";
import { enterOwnNetwork } from "./own_network.mjs";

enterOwnNetwork();
await import(pathToFileURL(process.argv[2]).href);
