"""Tests of the service, most of them over real HTTP on a loopback port."""
