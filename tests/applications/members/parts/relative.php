<?php
$parts['relative'] = '@release@';
