import { init } from "./redoc.standalone.js";

init("/openapi.json", { disableTelemetry: true, hideLogo: true }, document.getElementById("redoc"));
