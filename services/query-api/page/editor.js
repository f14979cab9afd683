// What the SQL view needs of CodeMirror, as one module: bundled by `make page-vendor`.
export { EditorState, Compartment } from "@codemirror/state";
export { EditorView, keymap, drawSelection, lineNumbers, placeholder } from "@codemirror/view";
export { history, historyKeymap, defaultKeymap } from "@codemirror/commands";
export { syntaxHighlighting, HighlightStyle, bracketMatching } from "@codemirror/language";
export { autocompletion, completionKeymap, closeBrackets, acceptCompletion } from "@codemirror/autocomplete";
export { sql, SQLDialect } from "@codemirror/lang-sql";
export { tags } from "@lezer/highlight";
