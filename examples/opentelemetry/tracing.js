'use strict';

const { trace } = require('@opentelemetry/api');
const { BasicTracerProvider, BatchSpanProcessor, ConsoleSpanExporter } = require('@opentelemetry/sdk-trace-base');

// In earnest: an OTLPTraceExporter, and the provider or NodeSDK of your choice.
const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(new ConsoleSpanExporter())] });
trace.setGlobalTracerProvider(provider);

// After the last request, whose span is exported as well.
process.on('yunfly:drain', ({ afterRequests }) => {
  afterRequests(() => provider.shutdown());
});
