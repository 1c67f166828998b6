"use strict";
drawWithTheme(() => drawCurves("f1-chart"));
