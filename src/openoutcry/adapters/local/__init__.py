"""Ports kept in plain files of one folder: snapshots, the data folder's lock, the space reserve.

Every file appears whole or not at all: written aside, synced, renamed, and the folder synced.
Must not know what the kept bytes mean.
"""
