export const writeExamples = () => [];
